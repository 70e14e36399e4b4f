# Developers keep their work, but nobody deletes the app outside an emergency.
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

data "aws_iam_policy_document" "deny-production-environment-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "amplify:DeleteApp",
      "amplify:DeleteBranch",
    ]
    resources = [
      "arn:aws:amplify:eu-west-1:111122223333:apps/d1shop",
      "arn:aws:amplify:eu-west-1:111122223333:apps/d1shop/branches/main",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-production-environment-deletion" {
  name   = "foureyes-deny-production-environment-deletion"
  policy = data.aws_iam_policy_document.deny-production-environment-deletion.json
}

resource "aws_iam_group_policy_attachment" "deny-production-environment-deletion" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-production-environment-deletion.arn
}
