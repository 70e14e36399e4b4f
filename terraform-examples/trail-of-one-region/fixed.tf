# All regions are recorded.
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = "shop-trail"
  enable_log_file_validation = true

  is_multi_region_trail = true

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
