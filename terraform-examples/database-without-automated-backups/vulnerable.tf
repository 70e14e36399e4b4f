# No automated backups: no way back to the moment before a bad migration.
resource "aws_db_instance" "shop" {
  identifier                  = "shop"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  username                    = "shop"
  manage_master_user_password = true
  deletion_protection         = true
  backup_retention_period     = 0

  tags = {
    env = "prod"
  }

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
