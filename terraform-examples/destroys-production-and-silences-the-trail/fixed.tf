# The group works as before, but what it does is always recorded.
resource "aws_iam_group" "operations" {
  name = "operations"
}

resource "aws_iam_group_policy" "work" {
  name  = "work"
  group = aws_iam_group.operations.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:*", "cloudtrail:*"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-silencing-the-trail" {
  statement {
    effect = "Deny"
    actions = [
      "cloudtrail:DeleteTrail",
      "cloudtrail:PutEventSelectors",
      "cloudtrail:StopLogging",
      "cloudtrail:UpdateTrail",
    ]
    resources = [
      "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-silencing-the-trail" {
  name   = "foureyes-deny-silencing-the-trail"
  policy = data.aws_iam_policy_document.deny-silencing-the-trail.json
}

resource "aws_iam_group_policy_attachment" "deny-silencing-the-trail" {
  group      = aws_iam_group.operations.name
  policy_arn = aws_iam_policy.deny-silencing-the-trail.arn
}
