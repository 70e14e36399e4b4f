# Every developer can delete the branch, and Amplify deletes the tables of its back end with it.
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
      Action   = ["amplify:DeleteBranch", "amplify:StartJob"]
      Resource = "*"
    }]
  })
}
