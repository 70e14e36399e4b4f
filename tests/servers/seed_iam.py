#!/usr/bin/env python3
"""How users sign in, what machines run as, and who is let in from outside: more than one page of each list."""

from comparing import client, trust

# ListUsers, ListInstanceProfiles give a hundred a page by default; the auditor asks for a thousand.
KEYS_OF = "keys-user"


def main():
    iam = client("iam")
    iam.create_account_alias(AccountAlias="acme-shop")
    iam.create_user(UserName=KEYS_OF, Tags=[{"Key": "env", "Value": "prod"}])
    first = iam.create_access_key(UserName=KEYS_OF)["AccessKey"]
    iam.create_access_key(UserName=KEYS_OF)
    iam.update_access_key(UserName=KEYS_OF, AccessKeyId=first["AccessKeyId"], Status="Inactive")
    iam.create_login_profile(UserName=KEYS_OF, Password="SECRET-password-1A!")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=KEYS_OF,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="234567",
    )

    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    for name in ("web", "empty"):
        iam.create_instance_profile(InstanceProfileName=name, Tags=[{"Key": "name", "Value": name}])
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")

    for url in ("https://token.actions.githubusercontent.com", "https://gitlab.example"):
        iam.create_open_id_connect_provider(
            Url=url, ClientIDList=["sts.amazonaws.com", "other"], ThumbprintList=["a" * 40]
        )
    for name in ("okta", "google"):
        iam.create_saml_provider(Name=name, SAMLMetadataDocument="SECRET" + "a" * 1024)


if __name__ == "__main__":
    main()
