# Developers read orders; nobody deletes them by hand outside an emergency.
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
      Action   = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-emptying-production" {
  statement {
    effect = "Deny"
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
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

resource "aws_iam_policy" "deny-emptying-production" {
  name   = "foureyes-deny-emptying-production"
  policy = data.aws_iam_policy_document.deny-emptying-production.json
}

resource "aws_iam_group_policy_attachment" "deny-emptying-production" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-emptying-production.arn
}
