# AWS refuses to delete the database until somebody switches the protection off.
resource "aws_db_instance" "shop" {
  identifier                  = "shop"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  username                    = "shop"
  manage_master_user_password = true
  backup_retention_period     = 14

  deletion_protection = true

  tags = {
    env = "prod"
  }

  # Terraform refuses to destroy it, too.
  lifecycle {
    prevent_destroy = true
  }
}
