# Everything that is done from now on is recorded.
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "shop-trail"
  is_multi_region_trail      = true
  enable_log_file_validation = true

  enable_logging = true

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
