# Mara keeps her work, but only the break-glass role stops the record.
resource "aws_iam_user" "mara" {
  name = "mara"
}

resource "aws_iam_user_policy" "work" {
  name = "work"
  user = aws_iam_user.mara.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "cloudtrail:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-stopping-the-trail" {
  statement {
    effect = "Deny"
    actions = [
      "cloudtrail:DeleteTrail",
      "cloudtrail:PutEventSelectors",
      "cloudtrail:StopLogging",
      "cloudtrail:UpdateTrail",
    ]
    resources = ["arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-stopping-the-trail" {
  name   = "foureyes-deny-stopping-the-trail"
  policy = data.aws_iam_policy_document.deny-stopping-the-trail.json
}

resource "aws_iam_user_policy_attachment" "deny-stopping-the-trail" {
  user       = aws_iam_user.mara.name
  policy_arn = aws_iam_policy.deny-stopping-the-trail.arn
}
