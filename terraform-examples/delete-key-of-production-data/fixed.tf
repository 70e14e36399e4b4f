# Developers use the key, and nobody deletes it outside an emergency.
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
      Action   = ["kms:Decrypt", "kms:ScheduleKeyDeletion"]
      Resource = "*"
    }]
  })
}

data "aws_iam_policy_document" "deny-deletion-of-production-keys" {
  statement {
    effect = "Deny"
    actions = [
      "kms:ScheduleKeyDeletion",
    ]
    resources = [
      "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
      "arn:aws:kms:eu-west-1:111122223333:key/0d1f7a4e-5c0b-4b7e-9f57-3a6d1c2b8e90",
    ]

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111122223333:role/break-glass"]
    }
  }
}

resource "aws_iam_policy" "deny-deletion-of-production-keys" {
  name   = "foureyes-deny-deletion-of-production-keys"
  policy = data.aws_iam_policy_document.deny-deletion-of-production-keys.json
}

resource "aws_iam_group_policy_attachment" "deny-deletion-of-production-keys" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.deny-deletion-of-production-keys.arn
}
