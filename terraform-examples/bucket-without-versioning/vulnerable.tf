# A deleted or overwritten object is gone at once.
resource "aws_s3_bucket" "uploads" {
  bucket = "shop-uploads"

  tags = {
    env = "prod"
  }
}
