# One member of the group can stop the trail and then delete the table, unseen.
resource "aws_iam_group" "operations" {
  name = "operations"
}

resource "aws_iam_group_policy" "work" {
  name  = "work"
  group = aws_iam_group.operations.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:*", "cloudtrail:*"]
      Resource = "*"
    }]
  })
}
