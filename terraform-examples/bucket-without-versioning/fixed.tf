# Old versions stay: a deleted or overwritten object can be brought back.
resource "aws_s3_bucket" "uploads" {
  bucket = "shop-uploads"

  tags = {
    env = "prod"
  }
}

resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }

  # Terraform would suspend versioning.
  lifecycle {
    prevent_destroy = true
  }
}
