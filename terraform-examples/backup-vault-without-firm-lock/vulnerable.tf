# Whoever may delete recovery points may delete all of them.
resource "aws_backup_vault" "nightly" {
  name = "nightly"

  tags = {
    env = "prod"
  }
}
