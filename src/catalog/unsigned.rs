//! Requests that AWS takes from anyone on the internet, without a signature.

/// Whether a service decides requests for an action that nobody has signed: as those of anyone. All others are refused
/// before any policy is looked at.
///
/// Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-principal-intro.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html>,
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>,
/// <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html>,
/// <https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
pub fn takes_unsigned(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let Some((service, operation)) = action.split_once(':') else { return false };
    match service {
        "s3" | "sqs" | "sns" => true,
        "es" => operation.starts_with("eshttp"),
        "elasticfilesystem" => operation.starts_with("client"),
        // Through the web address of a function.
        "lambda" => matches!(operation, "invokefunctionurl" | "invokefunction"),
        _ => false,
    }
}

/// Whether somebody who has not signed in to an app can do it with the credentials that its identity pool gives to guests,
/// by the flow in which Cognito limits these to some services. The other flow has no such limit.
///
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html>
pub fn is_open_to_guests(action: &str) -> bool {
    const SERVICES: &[&str] = &[
        "appsync",
        "cloudwatch",
        "cognito-identity",
        "cognito-sync",
        "comprehend",
        "dynamodb",
        "firehose",
        "gamelift",
        "geo",
        "iot",
        "kinesis",
        "lambda",
        "lex",
        "logs",
        "machinelearning",
        "mobileanalytics",
        "mobiletargeting",
        "polly",
        "rekognition",
        "rum",
        "s3",
        "sdb",
        "ses",
        "sns",
        "sqs",
        "sumerian",
        "transcribe",
        "translate",
    ];
    const ACTIONS: &[&str] = &[
        "kms:decrypt",
        "kms:encrypt",
        "kms:generatedatakey",
        "kms:reencryptfrom",
        "kms:reencryptto",
        "sagemaker:invokeendpoint",
        "textract:analyzedocument",
        "textract:detectdocumenttext",
    ];
    let action = action.to_ascii_lowercase();
    let service = action.split_once(':').map_or("", |(service, _)| service);
    SERVICES.contains(&service) || ACTIONS.contains(&&*action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_services_want_a_signature() {
        let unsigned = ["s3:DeleteObject", "SQS:PurgeQueue", "es:ESHttpDelete", "lambda:InvokeFunctionUrl"];
        assert!(unsigned.into_iter().all(takes_unsigned));
        let signed = ["dynamodb:DeleteTable", "lambda:DeleteFunction", "es:DeleteDomain", "backup:DeleteRecoveryPoint"];
        assert!(!signed.into_iter().any(takes_unsigned));
    }

    #[test]
    fn guests_are_held_to_some_services() {
        assert!(is_open_to_guests("dynamodb:DeleteTable") && is_open_to_guests("kms:Decrypt"));
        assert!(!is_open_to_guests("rds:DeleteDBInstance") && !is_open_to_guests("kms:ScheduleKeyDeletion"));
    }
}
