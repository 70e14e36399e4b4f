# Mara may do everything in Route 53: look, and delete the zone.
resource "aws_iam_user" "mara" {
  name = "mara"
}

resource "aws_iam_user_policy" "work" {
  name = "work"
  user = aws_iam_user.mara.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "route53:*"
      Resource = "*"
    }]
  })
}
