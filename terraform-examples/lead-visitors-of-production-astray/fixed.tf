# Developers change records of other zones; those of production stay as they are outside an emergency.
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
      Action   = ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-changes-of-production-records" {
  statement {
    effect = "Deny"
    actions = [
      "route53:ChangeResourceRecordSets",
    ]
    resources = [
      "arn:aws:cloudfront::111122223333:distribution/E1SHOP",
      "arn:aws:route53:::hostedzone/Z1SHOP",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-changes-of-production-records" {
  name   = "foureyes-deny-changes-of-production-records"
  policy = data.aws_iam_policy_document.deny-changes-of-production-records.json
}

resource "aws_iam_group_policy_attachment" "deny-changes-of-production-records" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-changes-of-production-records.arn
}
