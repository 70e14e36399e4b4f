# What a bad migration overwrites is gone.
resource "aws_dynamodb_table" "orders" {
  name         = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  deletion_protection_enabled = true

  attribute {
    name = "id"
    type = "S"
  }


  tags = {
    env = "prod"
  }
}
