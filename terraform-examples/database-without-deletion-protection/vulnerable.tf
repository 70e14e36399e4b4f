# The database goes with one call, with its stack, or with a change that replaces it.
resource "aws_db_instance" "shop" {
  identifier                  = "shop"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  username                    = "shop"
  manage_master_user_password = true
  backup_retention_period     = 14

  tags = {
    env = "prod"
  }
}
