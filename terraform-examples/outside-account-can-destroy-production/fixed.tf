# The vendor's role no longer deletes the table.
resource "aws_iam_role" "monitoring" {
  name = "monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        AWS = "arn:aws:iam::444455556666:root"
      }
      Action = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "sts:ExternalId" = "a1b2c3"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "work" {
  name = "work"
  role = aws_iam_role.monitoring.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "dynamodb:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-destruction-from-outside" {
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

resource "aws_iam_policy" "deny-destruction-from-outside" {
  name   = "foureyes-deny-destruction-from-outside"
  policy = data.aws_iam_policy_document.deny-destruction-from-outside.json
}

resource "aws_iam_role_policy_attachment" "deny-destruction-from-outside" {
  role       = aws_iam_role.monitoring.name
  policy_arn = aws_iam_policy.deny-destruction-from-outside.arn
}
