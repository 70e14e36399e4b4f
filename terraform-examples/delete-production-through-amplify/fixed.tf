# Developers deploy as before, and nobody deletes the branch of production outside an emergency.
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

data "aws_iam_policy_document" "deny-production-branch-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "amplify:DeleteBranch",
    ]
    resources = [
      "arn:aws:amplify:eu-west-1:111122223333:apps/d1shop/branches/main",
      "arn:aws:dynamodb:eu-west-1:111122223333:table/Todo",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-production-branch-deletion" {
  name   = "foureyes-deny-production-branch-deletion"
  policy = data.aws_iam_policy_document.deny-production-branch-deletion.json
}

resource "aws_iam_group_policy_attachment" "deny-production-branch-deletion" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-production-branch-deletion.arn
}
