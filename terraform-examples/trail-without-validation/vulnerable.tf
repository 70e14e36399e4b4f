# Whoever can write to the bucket can change the log unnoticed.
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "shop-trail"
  is_multi_region_trail      = true
  enable_log_file_validation = false
}
