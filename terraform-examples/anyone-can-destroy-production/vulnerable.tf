# Whoever opens the app gets this role, and the role may delete the table.
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
