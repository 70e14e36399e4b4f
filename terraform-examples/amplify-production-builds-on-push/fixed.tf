# A build of main is started by a pipeline that has asked somebody, never by a push.
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
