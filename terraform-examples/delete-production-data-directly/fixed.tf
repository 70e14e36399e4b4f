# Developers keep their work, but nobody deletes the table outside an emergency.
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

data "aws_iam_policy_document" "deny-production-data-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "dynamodb:DeleteTable",
    ]
    resources = [
      "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-production-data-deletion" {
  name   = "foureyes-deny-production-data-deletion"
  policy = data.aws_iam_policy_document.deny-production-data-deletion.json
}

resource "aws_iam_group_policy_attachment" "deny-production-data-deletion" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-production-data-deletion.arn
}
