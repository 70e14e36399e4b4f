# The logs go with one call, or with their stack.
resource "aws_cloudwatch_log_group" "orders" {
  name              = "/shop/orders"
  retention_in_days = 90

  tags = {
    env = "prod"
  }
}
