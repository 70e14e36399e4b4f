# Builds of staging may delete every table, those of production included.
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
