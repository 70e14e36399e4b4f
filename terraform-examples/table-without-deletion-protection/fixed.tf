# AWS refuses to delete the table until somebody switches the protection off.
resource "aws_dynamodb_table" "orders" {
  name         = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  deletion_protection_enabled = true

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  tags = {
    env = "prod"
  }

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
