# Deleting a branch in Git deletes nothing in AWS.
resource "aws_amplify_app" "shop" {
  name       = "shop"
  repository = "https://github.com/example/shop"

  enable_branch_auto_deletion = false
}

resource "aws_amplify_branch" "main" {
  app_id            = aws_amplify_app.shop.id
  branch_name       = "main"
  stage             = "PRODUCTION"
  enable_auto_build = false
}
