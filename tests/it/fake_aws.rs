//! An AWS that exists in tests only: the SDK's requests end in a function that answers them.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sts::config::{
    AsyncSleep, Credentials, HttpClient, RuntimeComponents, SharedCredentialsProvider, Sleep,
    StalledStreamProtectionConfig,
};
use aws_sdk_sts::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use foureyes::collect::{self, CollectError, Options};
use foureyes::snapshot::{Account, Coverage, Resource, Snapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const ACCOUNT: &str = "111122223333";
pub const NOW: &str = "2026-11-22T02:00:00Z";

/// One request, taken apart.
pub struct Asked {
    /// The name under which requests of the service are signed: mostly IAM's namespace.
    pub service: String,
    /// The access key: who asks.
    pub key: String,
    pub operation: String,
    pub region: String,
    /// The host name; for S3 it begins with the bucket's.
    pub host: String,
    pub path: String,
    pub query: String,
    pub body: String,
    /// How often this very request came before.
    pub before: usize,
}

pub enum Answer {
    Http(u16, Vec<(&'static str, &'static str)>, String),
    /// The protocol of CloudWatch.
    Cbor(Vec<u8>),
    /// An error in the protocol of CloudWatch.
    CborError(u16, Vec<u8>),
    /// The beginning of an answer, and then the end of the connection.
    Cut(String),
    /// No connection, for this reason.
    Down(&'static str),
    /// Nothing, ever.
    Silence,
}

pub type Answers = dyn Fn(&Asked) -> Answer + Send + Sync;

/// The other end of the wire.
#[derive(Clone)]
pub struct Fake {
    answers: Arc<Answers>,
    pub seen: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Fake")
    }
}

impl Fake {
    /// Answers as `special` says, and as an empty account does where it says nothing.
    pub fn new(special: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Fake {
        let answers = move |asked: &Asked| special(asked).unwrap_or_else(|| empty_account(asked));
        Fake { answers: Arc::new(answers), seen: Arc::default() }
    }

    /// How many requests of an operation came.
    pub fn count(&self, operation: &str) -> usize {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter(|(key, _)| key.starts_with(&format!("{operation} ")))
            .map(|(_, n)| n)
            .sum()
    }
}

impl Fake {
    /// Answers a request, and counts it.
    fn answer(&self, method: &str, uri: &str, header: impl Fn(&str) -> Option<String>, body: String) -> Answer {
        let mut asked = take_apart(method, uri, header, body);
        {
            let mut seen = self.seen.lock().unwrap();
            let key = format!(
                "{} {} {} {} {} {}",
                asked.operation, asked.region, asked.host, asked.path, asked.query, asked.body
            );
            let times = seen.entry(key).or_default();
            asked.before = *times;
            *times = times.saturating_add(1);
        }
        (self.answers)(&asked)
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let header = |name: &str| request.headers().get(name).map(str::to_owned);
        let (status, headers, body) = match self.answer(request.method(), request.uri(), header, body) {
            Answer::Http(status, headers, body) => (status, headers, body.into_bytes()),
            Answer::Cbor(body) => (200, CBOR.to_vec(), body),
            Answer::CborError(status, body) => (status, CBOR.to_vec(), body),
            // Whole as far as HTTP goes, and neither JSON nor XML.
            Answer::Cut(body) => (200, Vec::new(), body.into_bytes()),
            Answer::Down(reason) => return HttpConnectorFuture::ready(Err(ConnectorError::io(reason.into()))),
            Answer::Silence => return HttpConnectorFuture::new(std::future::pending()),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), body.into());
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        // Not at once, so that requests overlap as they do on a network.
        HttpConnectorFuture::new(async move {
            tokio::task::yield_now().await;
            Ok(response)
        })
    }
}

const CBOR: [(&str, &str); 2] = [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];

impl HttpClient for Fake {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Services whose requests name no operation: method, path and a word of the query do.
const ROUTES: &[(&str, &str, &str)] = &[
    ("account", "POST /listRegions", "ListRegions"),
    ("amplify", "GET /apps", "ListApps"),
    ("amplify", "GET /apps/{}/branches", "ListBranches"),
    ("amplify", "GET /apps/{}/backendenvironments", "ListBackendEnvironments"),
    ("amplify", "GET /apps/{}/domains", "ListDomainAssociations"),
    ("amplify", "GET /apps/{}/webhooks", "ListWebhooks"),
    ("appsync", "GET /v1/apis", "ListGraphqlApis"),
    ("appsync", "GET /v1/apis/{}/datasources", "ListDataSources"),
    ("backup", "GET /backup-vaults", "ListBackupVaults"),
    ("backup", "GET /backup-vaults/{}", "DescribeBackupVault"),
    ("backup", "GET /backup-vaults/{}/access-policy", "GetBackupVaultAccessPolicy"),
    ("backup", "GET /backup-vaults/{}/recovery-points", "ListRecoveryPointsByBackupVault"),
    ("backup", "GET /tags/{}", "ListTags"),
    ("backup", "GET /backup/plans", "ListBackupPlans"),
    ("backup", "GET /backup/plans/{}", "GetBackupPlan"),
    ("backup", "GET /backup/plans/{}/selections", "ListBackupSelections"),
    ("backup", "GET /backup/plans/{}/selections/{}", "GetBackupSelection"),
    ("backup", "GET /restore-testing/plans", "ListRestoreTestingPlans"),
    ("backup", "GET /restore-testing/plans/{}/selections", "ListRestoreTestingSelections"),
    ("backup", "GET /restore-testing/plans/{}/selections/{}", "GetRestoreTestingSelection"),
    ("backup", "GET /copy-jobs", "ListCopyJobs"),
    ("backup", "GET /restore-jobs", "ListRestoreJobs"),
    ("lambda", "GET /2015-03-31/functions", "ListFunctions"),
    ("lambda", "GET /2015-03-31/functions/{}/policy", "GetPolicy"),
    ("lambda", "GET /2015-03-31/functions/{}/versions", "ListVersionsByFunction"),
    ("lambda", "GET /2017-03-31/tags/{}", "ListTags"),
    ("lambda", "GET /2020-04-22/code-signing-configs/{}", "GetCodeSigningConfig"),
    ("lambda", "GET /2020-06-30/functions/{}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("lambda", "GET /2021-10-31/functions/{}/urls", "ListFunctionUrlConfigs"),
    ("route53", "GET /2013-04-01/hostedzone", "ListHostedZones"),
    ("route53", "GET /2013-04-01/hostedzone/{}/rrset", "ListResourceRecordSets"),
    ("route53", "GET /2013-04-01/healthcheck", "ListHealthChecks"),
    ("route53", "POST /2013-04-01/tags/{}", "ListTagsForResources"),
    ("s3", "GET /?x-id=ListBuckets", "ListBuckets"),
    ("s3", "GET /?versioning", "GetBucketVersioning"),
    ("s3", "GET /?object-lock", "GetObjectLockConfiguration"),
    ("s3", "GET /?policy", "GetBucketPolicy"),
    ("s3", "GET /?publicAccessBlock", "GetPublicAccessBlock"),
    ("s3", "GET /?lifecycle", "GetBucketLifecycleConfiguration"),
    ("s3", "GET /?replication", "GetBucketReplication"),
    ("s3", "GET /?ownershipControls", "GetBucketOwnershipControls"),
    ("s3", "GET /?encryption", "GetBucketEncryption"),
    ("s3", "GET /?abac", "GetBucketAbac"),
    ("s3", "GET /?tagging", "GetBucketTagging"),
];

/// Whether a request is one of a route such as `GET /apps/{}/branches` or `GET /?versioning`.
fn on_route(route: &str, method: &str, path: &str, query: &str) -> bool {
    let (wanted_method, target) = route.split_once(' ').unwrap();
    let (wanted_path, word) = target.split_once('?').unwrap_or((target, ""));
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (wanted_path.trim_matches('/').split('/').collect(), path.trim_matches('/').split('/').collect());
    wanted_method == method
        && wanted.len() == found.len()
        && wanted.iter().zip(found).all(|(wanted, found)| *wanted == "{}" || *wanted == found)
        && (word.is_empty() || query.split('&').any(|pair| pair == word || pair.split('=').next() == Some(word)))
}

/// The operation is in another place in each of the protocols.
fn take_apart(method: &str, uri: &str, header: impl Fn(&str) -> Option<String>, body: String) -> Asked {
    let (_, tail) = uri.split_once("://").unwrap();
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let (host, path) = path.split_once('/').unwrap_or((path, ""));
    let path = format!("/{path}");
    // Credential=AKIA…/20261122/eu-west-1/amplify/aws4_request
    let authorization = header("authorization").unwrap_or_default();
    let scope = |index| authorization.split('/').nth(index).unwrap_or_default().to_owned();
    let (region, service) = (scope(2), scope(3));
    let key = scope(0).rsplit('=').next().unwrap_or_default().to_owned();
    // On an address the bucket stands in the path.
    let (host, path) = match path.trim_start_matches('/') {
        bucket if service == "s3" && host == SERVED && !bucket.is_empty() => {
            (format!("{}.s3", bucket.trim_end_matches('/')), "/".to_owned())
        }
        _ => (host.to_owned(), path),
    };
    let operation = if let Some(target) = header("x-amz-target") {
        target.rsplit('.').next().unwrap().to_owned()
    } else if let Some((_, operation)) = path.split_once("/operation/") {
        operation.to_owned()
    } else if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        action.to_owned()
    } else {
        let mut routes =
            ROUTES.iter().filter(|(of, route, _)| *of == service.as_str() && on_route(route, method, &path, query));
        let found = routes.next().unwrap_or_else(|| panic!("{service} {method} {path}?{query} has no route"));
        found.2.to_owned()
    };
    Asked { service, key, operation, region, host, path, query: query.to_owned(), body, before: 0 }
}

pub fn json(value: Value) -> Answer {
    Answer::Http(200, vec![("content-type", "application/json")], value.to_string())
}

pub fn json_error(status: u16, code: &'static str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws#{code}"), "message": "SECRET-in-a-message"}).to_string();
    Answer::Http(status, vec![("content-type", "application/json"), ("x-amzn-errortype", code)], body)
}

pub fn xml(body: &str) -> Answer {
    Answer::Http(200, vec![("content-type", "text/xml")], body.to_owned())
}

pub fn xml_error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>SECRET-in-a-message</Message></Error></ErrorResponse>"
    );
    Answer::Http(status, vec![("content-type", "text/xml")], body)
}

pub fn identity(account: &str) -> Answer {
    xml(&format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/eve</Arn>\
         <UserId>AIDA1</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ))
}

pub fn details(body: &str, marker: Option<&str>) -> Answer {
    let end = match marker {
        Some(marker) => format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    xml(&format!(
        "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>{end}{body}\
         </GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    ))
}

/// An empty answer in the protocol of the request: nothing is there.
fn empty_account(asked: &Asked) -> Answer {
    match asked.operation.as_str() {
        "GetCallerIdentity" => identity(asked.key.strip_prefix("ASIA").unwrap_or(ACCOUNT)),
        "DescribeOrganization" => json_error(400, "AWSOrganizationsNotInUseException"),
        "GetLoginProfile" => xml_error(404, "NoSuchEntity"),
        "GetAccountAuthorizationDetails" => details("", None),
        "DescribeContinuousBackups" => {
            json(json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}))
        }
        "GetResourcePolicy" if asked.service == "dynamodb" => json_error(400, "PolicyNotFoundException"),
        "ListBuckets" => xml("<ListAllMyBucketsResult></ListAllMyBucketsResult>"),
        operation if asked.service == "route53" => xml(&format!("<{operation}Response></{operation}Response>")),
        _ if asked.path.contains("/operation/") => Answer::Cbor(vec![0xbf, 0xff]),
        operation if asked.body.contains("Action=") => {
            xml(&format!("<{operation}Response><{operation}Result></{operation}Result></{operation}Response>"))
        }
        _ => json(json!({})),
    }
}

/// Waits between tries take no time; limits of seconds keep theirs.
#[derive(Debug)]
pub struct Fast;

impl AsyncSleep for Fast {
    fn sleep(&self, duration: Duration) -> Sleep {
        let limit = duration >= Duration::from_secs(60);
        let duration = if limit { duration } else { Duration::from_millis(1) };
        Sleep::new(async move { tokio::time::sleep(duration).await })
    }
}

pub fn config(fake: &Fake) -> SdkConfig {
    let mut config = SdkConfig::builder();
    // The system's clock: credentials of roles end.
    config.set_time_source(Some(Default::default()));
    config
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIAEXAMPLE",
            "SECRET-key",
            Some("SECRET-session".to_owned()),
            None,
            "test",
        )))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::adaptive().with_max_attempts(5))
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(600)).build())
        .sleep_impl(Fast)
        .http_client(fake.clone())
        .build()
}

pub fn try_collect(fake: &Fake, options: &Options) -> Result<Snapshot, CollectError> {
    collect::collect_with(&config(fake), options, NOW, &())
}

pub fn collect_account(fake: &Fake) -> Account {
    let mut snapshot = try_collect(fake, &Options::default()).unwrap();
    assert_eq!(snapshot.accounts.len(), 1);
    snapshot.accounts.remove(0)
}

pub fn coverage<'a>(account: &'a Account, operation: &str) -> &'a Coverage {
    let mut found = account.coverage.iter().filter(|entry| entry.operation == operation);
    let entry = found.next().unwrap_or_else(|| panic!("{operation} is not in the coverage"));
    assert!(found.next().is_none(), "{operation} has two entries");
    entry
}

pub fn resource<'a>(account: &'a Account, arn: &str) -> &'a Resource {
    account.resources.iter().find(|resource| resource.arn == arn).unwrap_or_else(|| panic!("{arn} is missing"))
}

/// The host name of what [`serve`] serves.
const SERVED: &str = "served";

/// The same over HTTP on this machine, for the program itself. Ends with the test.
pub fn serve(fake: Fake) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let fake = fake.clone();
            std::thread::spawn(move || connection.and_then(|connection| talk(&fake, connection)));
        }
    });
    format!("http://{address}")
}

/// Answers the requests of one connection. What a test asserts within an answer closes the connection.
fn talk(fake: &Fake, connection: std::net::TcpStream) -> std::io::Result<()> {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut out = connection;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let uri = format!("http://{SERVED}{target}");
        let header = |name: &str| headers.get(name).cloned();
        match fake.answer(method, &uri, header, String::from_utf8(body).unwrap_or_default()) {
            Answer::Http(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} said\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                out.write_all(format!("{head}\r\n{body}").as_bytes())?;
            }
            Answer::Cbor(body) | Answer::CborError(_, body) => {
                let [(protocol, name), (_, kind)] = CBOR;
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{protocol}: {name}\r\ncontent-type: {kind}\r\n\r\n"
                );
                out.write_all(&[head.into_bytes(), body].concat())?;
            }
            Answer::Cut(body) => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() + 100);
                out.write_all(format!("{head}{body}").as_bytes())?;
                return Ok(());
            }
            Answer::Down(_) => return Ok(()),
            Answer::Silence => std::thread::sleep(Duration::from_secs(3600)),
        }
    }
}

/// What the program needs to talk to a server that [`serve`] started and to nothing else.
pub fn environment(url: &str) -> Vec<(&'static str, String)> {
    [
        ("LANG", "C.UTF-8"),
        ("COLUMNS", "120"),
        ("HOME", "/nonexistent"),
        ("PATH", "/nonexistent"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "SECRET-key"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("NO_PROXY", "127.0.0.1"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}

/// The program, live against a server that [`serve`] started.
pub fn program(url: &str) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("foureyes").unwrap();
    command.env_clear().envs(environment(url));
    command
}
