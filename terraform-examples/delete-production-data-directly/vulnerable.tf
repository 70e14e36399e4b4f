# Deletion protection is on, and every developer can switch it off and delete the table.
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
      Action   = "dynamodb:*"
      Resource = "*"
    }]
  })
}
