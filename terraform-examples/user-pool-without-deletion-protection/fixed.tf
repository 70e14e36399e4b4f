# Cognito refuses to delete the pool until somebody switches the protection off.
resource "aws_cognito_user_pool" "customers" {
  name                = "customers"
  deletion_protection = "ACTIVE"

  tags = {
    env = "prod"
  }

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
