# Every developer can delete the app with all its branches. Amplify has no deletion protection.
resource "aws_iam_group" "developers" {
  name = "developers"
}

resource "aws_iam_group_policy" "work" {
  name  = "work"
  group = aws_iam_group.developers.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "amplify:*"
      Resource = "*"
    }]
  })
}
