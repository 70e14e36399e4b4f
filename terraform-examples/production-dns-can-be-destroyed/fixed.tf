# Mara keeps her work, but only the break-glass role deletes the zone.
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
      Action   = "route53:*"
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-zone-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "route53:DeleteHostedZone",
    ]
    resources = ["arn:aws:route53:::hostedzone/Z0SHOP"]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-zone-deletion" {
  name   = "foureyes-deny-zone-deletion"
  policy = data.aws_iam_policy_document.deny-zone-deletion.json
}

resource "aws_iam_user_policy_attachment" "deny-zone-deletion" {
  user       = aws_iam_user.mara.name
  policy_arn = aws_iam_policy.deny-zone-deletion.arn
}
