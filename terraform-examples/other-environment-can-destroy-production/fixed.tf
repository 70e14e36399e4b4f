# Builds of staging keep their work, but do not delete the production table.
resource "aws_iam_role" "staging_deploy" {
  name = "staging_deploy"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "codebuild.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })

  tags = {
    env = "staging"
  }
}

resource "aws_iam_role_policy" "work" {
  name = "work"
  role = aws_iam_role.staging_deploy.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "dynamodb:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-destruction-from-elsewhere" {
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

resource "aws_iam_policy" "deny-destruction-from-elsewhere" {
  name   = "foureyes-deny-destruction-from-elsewhere"
  policy = data.aws_iam_policy_document.deny-destruction-from-elsewhere.json
}

resource "aws_iam_role_policy_attachment" "deny-destruction-from-elsewhere" {
  role       = aws_iam_role.staging_deploy.name
  policy_arn = aws_iam_policy.deny-destruction-from-elsewhere.arn
}
