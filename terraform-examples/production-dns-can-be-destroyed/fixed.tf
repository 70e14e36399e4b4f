# Mara keeps her work, but only the break-glass role deletes records and zones.
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

data "aws_iam_policy_document" "deny-dns-deletion" {
  statement {
    effect = "Deny"
    actions = [
      "route53:ChangeResourceRecordSets",
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

resource "aws_iam_policy" "deny-dns-deletion" {
  name   = "foureyes-deny-dns-deletion"
  policy = data.aws_iam_policy_document.deny-dns-deletion.json
}

resource "aws_iam_user_policy_attachment" "deny-dns-deletion" {
  user       = aws_iam_user.mara.name
  policy_arn = aws_iam_policy.deny-dns-deletion.arn
}
