//! Which Terraform resource stands for which CloudFormation type. Data; `resource` turns it into HCL.

/// A CloudFormation type and its Terraform resource.
pub(super) struct Mapping {
    /// CloudFormation type.
    pub(super) cloudformation: &'static str,
    /// Terraform resource type.
    pub(super) terraform: &'static str,
    /// What stands before the import ID in the resource part of the ARN.
    pub(super) id_after: &'static str,
    /// Whether Terraform imports it by its ARN.
    pub(super) imported_by_arn: bool,
    /// What joins the two parts of the ID in the ARN, where it has two; the import ID has `/` there.
    pub(super) id_joint: Option<&'static str>,
    /// Arguments to state, in order.
    pub(super) arguments: &'static [Argument],
    /// Nested blocks that need more than an argument.
    pub(super) shape: Shape,
    /// Arguments and blocks that Terraform would reset if they were neither stated nor ignored.
    pub(super) kept: &'static [&'static str],
    /// Whether it holds data: then nothing here ever deletes it.
    pub(super) data: bool,
    /// The command that deletes it, `{0}` and `{1}` being the parts of the ID.
    pub(super) delete: Option<&'static str>,
}

/// Nested blocks of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// None that matter.
    Flat,
    /// Keys, attributes and indexes of a DynamoDB table.
    Table,
    /// Stages and actions of a pipeline.
    Pipeline,
}

/// An argument and the property it comes from.
pub(super) struct Argument {
    /// Terraform argument; blocks by dots.
    pub(super) name: &'static str,
    /// CloudFormation property; nested ones by dots.
    pub(super) property: &'static str,
    /// Whether Terraform refuses the resource without it.
    pub(super) required: bool,
    /// The part of the ID in the ARN that says the same.
    pub(super) id_part: Option<usize>,
}

const fn required(name: &'static str, property: &'static str) -> Argument {
    Argument { name, property, required: true, id_part: None }
}

const fn identified(name: &'static str, property: &'static str, part: usize) -> Argument {
    Argument { name, property, required: true, id_part: Some(part) }
}

const fn optional(name: &'static str, property: &'static str) -> Argument {
    Argument { name, property, required: false, id_part: None }
}

/// The mapping of a CloudFormation type.
pub(super) fn mapping(cloudformation: &str) -> Option<&'static Mapping> {
    MAPPINGS.iter().find(|mapping| mapping.cloudformation == cloudformation)
}

/// Argument names as in the schema of hashicorp/aws 6.66.0; import IDs as in its documentation.
pub(super) const MAPPINGS: &[Mapping] = &[
    Mapping {
        cloudformation: "AWS::DynamoDB::Table",
        terraform: "aws_dynamodb_table",
        id_after: "table/",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            identified("name", "TableName", 0),
            optional("deletion_protection_enabled", "DeletionProtectionEnabled"),
            optional("point_in_time_recovery.enabled", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"),
        ],
        shape: Shape::Table,
        kept: &[
            "attribute",
            "billing_mode",
            "deletion_protection_enabled",
            "global_secondary_index",
            "hash_key",
            "local_secondary_index",
            "on_demand_throughput",
            "point_in_time_recovery",
            "range_key",
            "read_capacity",
            "replica",
            "server_side_encryption",
            "stream_enabled",
            "stream_view_type",
            "table_class",
            "tags",
            "ttl",
            "warm_throughput",
            "write_capacity",
        ],
        data: true,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::Amplify::App",
        terraform: "aws_amplify_app",
        id_after: "apps/",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[required("name", "Name"), optional("description", "Description")],
        shape: Shape::Flat,
        kept: &[
            "access_token",
            "auto_branch_creation_config",
            "auto_branch_creation_patterns",
            "basic_auth_credentials",
            "build_spec",
            "cache_config",
            "compute_role_arn",
            "custom_headers",
            "custom_rule",
            "description",
            "enable_auto_branch_creation",
            "enable_basic_auth",
            "enable_branch_auto_build",
            "enable_branch_auto_deletion",
            "environment_variables",
            "iam_service_role_arn",
            "job_config",
            "oauth_token",
            "platform",
            "repository",
            "tags",
        ],
        data: false,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::Amplify::Branch",
        terraform: "aws_amplify_branch",
        id_after: "apps/",
        imported_by_arn: false,
        id_joint: Some("/branches/"),
        arguments: &[
            identified("app_id", "AppId", 0),
            identified("branch_name", "BranchName", 1),
            optional("stage", "Stage"),
        ],
        shape: Shape::Flat,
        kept: &[
            "backend_environment_arn",
            "basic_auth_credentials",
            "description",
            "display_name",
            "enable_auto_build",
            "enable_basic_auth",
            "enable_notification",
            "enable_performance_mode",
            "enable_pull_request_preview",
            "enable_skew_protection",
            "environment_variables",
            "framework",
            "pull_request_environment_name",
            "stage",
            "tags",
            "ttl",
        ],
        data: false,
        delete: Some("aws amplify delete-branch --app-id {0} --branch-name {1}"),
    },
    Mapping {
        cloudformation: "AWS::Amplify::Webhook",
        terraform: "aws_amplify_webhook",
        id_after: "webhooks/",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            required("app_id", "AppId"),
            required("branch_name", "BranchName"),
            optional("description", "Description"),
        ],
        shape: Shape::Flat,
        kept: &["description"],
        data: false,
        delete: Some("aws amplify delete-webhook --webhook-id {0}"),
    },
    Mapping {
        cloudformation: "AWS::Cognito::UserPool",
        terraform: "aws_cognito_user_pool",
        id_after: "userpool/",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[required("name", "UserPoolName"), optional("deletion_protection", "DeletionProtection")],
        shape: Shape::Flat,
        kept: &[
            "account_recovery_setting",
            "admin_create_user_config",
            "alias_attributes",
            "auto_verified_attributes",
            "deletion_protection",
            "device_configuration",
            "email_configuration",
            "email_mfa_configuration",
            "email_verification_message",
            "email_verification_subject",
            "lambda_config",
            "mfa_configuration",
            "password_policy",
            "schema",
            "sign_in_policy",
            "sms_authentication_message",
            "sms_configuration",
            "sms_verification_message",
            "software_token_mfa_configuration",
            "tags",
            "user_attribute_update_settings",
            "user_pool_add_ons",
            "user_pool_tier",
            "username_attributes",
            "username_configuration",
            "verification_message_template",
            "web_authn_configuration",
        ],
        data: true,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::CodePipeline::Pipeline",
        terraform: "aws_codepipeline",
        id_after: "",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            identified("name", "Name", 0),
            required("role_arn", "RoleArn"),
            optional("pipeline_type", "PipelineType"),
            optional("execution_mode", "ExecutionMode"),
        ],
        shape: Shape::Pipeline,
        kept: &["execution_mode", "pipeline_type", "tags", "trigger", "variable"],
        data: false,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::RDS::DBInstance",
        terraform: "aws_db_instance",
        id_after: "db:",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            identified("identifier", "DBInstanceIdentifier", 0),
            required("instance_class", "DBInstanceClass"),
            optional("engine", "Engine"),
            optional("deletion_protection", "DeletionProtection"),
            optional("backup_retention_period", "BackupRetentionPeriod"),
        ],
        shape: Shape::Flat,
        kept: &[
            "allocated_storage",
            "auto_minor_version_upgrade",
            "availability_zone",
            "backup_retention_period",
            "backup_target",
            "backup_window",
            "ca_cert_identifier",
            "character_set_name",
            "copy_tags_to_snapshot",
            "custom_iam_instance_profile",
            "customer_owned_ip_enabled",
            "database_insights_mode",
            "db_name",
            "db_subnet_group_name",
            "dedicated_log_volume",
            "deletion_protection",
            "domain",
            "domain_auth_secret_arn",
            "domain_dns_ips",
            "domain_fqdn",
            "domain_iam_role_name",
            "domain_ou",
            "enabled_cloudwatch_logs_exports",
            "engine",
            "engine_lifecycle_support",
            "engine_version",
            "iam_database_authentication_enabled",
            "iops",
            "kms_key_id",
            "license_model",
            "maintenance_window",
            "manage_master_user_password",
            "master_user_secret_kms_key_id",
            "max_allocated_storage",
            "monitoring_interval",
            "monitoring_role_arn",
            "multi_az",
            "nchar_character_set_name",
            "network_type",
            "option_group_name",
            "parameter_group_name",
            "password",
            "performance_insights_enabled",
            "performance_insights_kms_key_id",
            "performance_insights_retention_period",
            "port",
            "publicly_accessible",
            "replica_mode",
            "replicate_source_db",
            "storage_encrypted",
            "storage_throughput",
            "storage_type",
            "tags",
            "timezone",
            "username",
            "vpc_security_group_ids",
        ],
        data: true,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::RDS::DBCluster",
        terraform: "aws_rds_cluster",
        id_after: "cluster:",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            identified("cluster_identifier", "DBClusterIdentifier", 0),
            required("engine", "Engine"),
            optional("deletion_protection", "DeletionProtection"),
            optional("backup_retention_period", "BackupRetentionPeriod"),
        ],
        shape: Shape::Flat,
        kept: &[
            "allocated_storage",
            "availability_zones",
            "backtrack_window",
            "backup_retention_period",
            "ca_certificate_identifier",
            "cluster_members",
            "cluster_scalability_type",
            "copy_tags_to_snapshot",
            "database_insights_mode",
            "database_name",
            "db_cluster_instance_class",
            "db_cluster_parameter_group_name",
            "db_subnet_group_name",
            "db_system_id",
            "deletion_protection",
            "domain",
            "domain_iam_role_name",
            "enable_global_write_forwarding",
            "enable_http_endpoint",
            "enable_local_write_forwarding",
            "enabled_cloudwatch_logs_exports",
            "engine_lifecycle_support",
            "engine_mode",
            "engine_version",
            "global_cluster_identifier",
            "iam_database_authentication_enabled",
            "iam_roles",
            "iops",
            "kms_key_id",
            "manage_master_user_password",
            "master_password",
            "master_user_secret_kms_key_id",
            "master_username",
            "monitoring_interval",
            "monitoring_role_arn",
            "network_type",
            "performance_insights_enabled",
            "performance_insights_kms_key_id",
            "performance_insights_retention_period",
            "port",
            "preferred_backup_window",
            "preferred_maintenance_window",
            "replication_source_identifier",
            "scaling_configuration",
            "serverlessv2_scaling_configuration",
            "storage_encrypted",
            "storage_type",
            "tags",
            "vpc_security_group_ids",
        ],
        data: true,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::CloudTrail::Trail",
        terraform: "aws_cloudtrail",
        id_after: "trail/",
        imported_by_arn: true,
        id_joint: None,
        arguments: &[
            identified("name", "TrailName", 0),
            required("s3_bucket_name", "S3BucketName"),
            optional("is_multi_region_trail", "IsMultiRegionTrail"),
            optional("is_organization_trail", "IsOrganizationTrail"),
            optional("enable_logging", "IsLogging"),
            optional("enable_log_file_validation", "EnableLogFileValidation"),
        ],
        shape: Shape::Flat,
        kept: &[
            "advanced_event_selector",
            "cloud_watch_logs_group_arn",
            "cloud_watch_logs_role_arn",
            "enable_log_file_validation",
            "enable_logging",
            "event_selector",
            "include_global_service_events",
            "insight_selector",
            "is_multi_region_trail",
            "is_organization_trail",
            "kms_key_id",
            "s3_key_prefix",
            "sns_topic_name",
            "tags",
        ],
        data: true,
        delete: None,
    },
    Mapping {
        cloudformation: "AWS::Logs::LogGroup",
        terraform: "aws_cloudwatch_log_group",
        id_after: "log-group:",
        imported_by_arn: false,
        id_joint: None,
        arguments: &[
            identified("name", "LogGroupName", 0),
            optional("retention_in_days", "RetentionInDays"),
            optional("kms_key_id", "KmsKeyId"),
            optional("deletion_protection_enabled", "DeletionProtectionEnabled"),
        ],
        shape: Shape::Flat,
        kept: &[
            "deletion_protection_enabled",
            "kms_key_id",
            "log_group_class",
            "retention_in_days",
            "skip_destroy",
            "tags",
        ],
        data: true,
        delete: None,
    },
];

/// A Terraform resource that is a part of another: the versioning of a bucket.
pub(super) struct Part {
    /// CloudFormation type of the whole.
    pub(super) cloudformation: &'static str,
    /// Terraform resource type of the part.
    pub(super) terraform: &'static str,
    /// Argument that names the whole.
    pub(super) of: &'static str,
    /// What stands before the name in the resource part of the ARN.
    pub(super) name_after: &'static str,
}

/// The part of a whole.
pub(super) fn part(cloudformation: &str, terraform: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.cloudformation == cloudformation && part.terraform == terraform)
}

/// Setting them once more changes nothing else, so they are made anew and need no import.
const PARTS: &[Part] = &[
    Part { cloudformation: "AWS::S3::Bucket", terraform: "aws_s3_bucket_versioning", of: "bucket", name_after: "" },
    Part {
        cloudformation: "AWS::Backup::BackupVault",
        terraform: "aws_backup_vault_lock_configuration",
        of: "backup_vault_name",
        name_after: "backup-vault:",
    },
];
