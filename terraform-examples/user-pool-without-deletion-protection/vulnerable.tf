# One call deletes every customer account; there is no backup.
resource "aws_cognito_user_pool" "customers" {
  name = "customers"

  tags = {
    env = "prod"
  }
}
