# Every push to main is a rollout.
resource "aws_amplify_app" "shop" {
  name       = "shop"
  repository = "https://github.com/example/shop"
}

resource "aws_amplify_branch" "main" {
  app_id            = aws_amplify_app.shop.id
  branch_name       = "main"
  stage             = "PRODUCTION"
  enable_auto_build = true
}
