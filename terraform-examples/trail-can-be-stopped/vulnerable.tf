# Mara may do everything in CloudTrail: look, and stop the record.
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
      Action   = "cloudtrail:*"
      Resource = "*"
    }]
  })
}
