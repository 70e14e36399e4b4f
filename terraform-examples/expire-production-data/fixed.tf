# How long files are kept is set with the bucket, by a reviewed change.
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
      Action   = ["s3:GetObject", "s3:PutLifecycleConfiguration"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-expiry-of-production" {
  statement {
    effect = "Deny"
    actions = [
      "s3:PutLifecycleConfiguration",
    ]
    resources = [
      "arn:aws:s3:::shop-prod",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-expiry-of-production" {
  name   = "foureyes-deny-expiry-of-production"
  policy = data.aws_iam_policy_document.deny-expiry-of-production.json
}

resource "aws_iam_group_policy_attachment" "deny-expiry-of-production" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-expiry-of-production.arn
}
