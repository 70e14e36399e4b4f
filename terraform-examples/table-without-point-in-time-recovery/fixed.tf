# The table can be restored to any second of the last 35 days.
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
