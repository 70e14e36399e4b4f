# Developers update the stack as before, but nobody deletes it outside an emergency.
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
      Action   = ["cloudformation:*", "dynamodb:DeleteTable"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-production-stack-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "cloudformation:DeleteStack",
      "cloudformation:UpdateTerminationProtection",
      "dynamodb:DeleteTable",
    ]
    resources = [
      "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop-prod/*",
      "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-production-stack-deletion" {
  name   = "foureyes-deny-production-stack-deletion"
  policy = data.aws_iam_policy_document.deny-production-stack-deletion.json
}

resource "aws_iam_group_policy_attachment" "deny-production-stack-deletion" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-production-stack-deletion.arn
}
