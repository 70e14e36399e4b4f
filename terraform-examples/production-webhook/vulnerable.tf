# Whoever has the address of the webhook starts a production deployment.
resource "aws_amplify_app" "shop" {
  name       = "shop"
  repository = "https://github.com/example/shop"
}

resource "aws_amplify_branch" "main" {
  app_id            = aws_amplify_app.shop.id
  branch_name       = "main"
  stage             = "PRODUCTION"
  enable_auto_build = false
}

resource "aws_amplify_webhook" "content" {
  app_id      = aws_amplify_app.shop.id
  branch_name = aws_amplify_branch.main.branch_name
  description = "content management"
}
