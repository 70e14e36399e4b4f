# After thirty days in which it can still be changed, nobody takes the lock off or deletes a backup before its time.
resource "aws_backup_vault" "nightly" {
  name = "nightly"

  tags = {
    env = "prod"
  }
}

resource "aws_backup_vault_lock_configuration" "nightly" {
  backup_vault_name   = aws_backup_vault.nightly.name
  changeable_for_days = 30
  min_retention_days  = 7

  # Terraform would take the lock off.
  lifecycle {
    prevent_destroy = true
  }
}
