# What happens in other regions leaves no record.
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "shop-trail"
  enable_log_file_validation = true
  is_multi_region_trail      = false
}
