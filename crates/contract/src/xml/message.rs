//! What stands inside the seal: one element for each operation.

use super::report::{read_receipt, read_report, write_receipt, write_report};
use super::settings::{read_settings, write_settings};
use super::{Fields, Result, WriteFields as _};
use crate::{
    AgentPublicKeys, BooksHead, Capabilities, CentralPublicKey, ContractError, ContractVersion,
    GetScheduleRequest, GetScheduleResponse, KeyAnnouncement, MessageError, NAMESPACE, Operation,
    RegisterRequest, RegisterResponse, Request, Response, SendReportsResponse, Site, StatusString,
    UnregisterRequest, UnregisterResponse,
};
use pagetally_model::{AgentId, Timestamp};
use pagetally_soap::{Document, View, WriteError, Writer};

/// A request with what its seal protects besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InnerRequest {
    pub(crate) contract: ContractVersion,
    pub(crate) agent: AgentId,
    pub(crate) nonce: [u8; 32],
    pub(crate) sent: Timestamp,
    pub(crate) request: Request,
    /// What is wrong with the documents of its submission, where they cannot be read.
    pub(crate) unreadable: Option<MessageError>,
}

impl InnerRequest {
    /// Writes a request of this version, borrowed: a submission is large.
    pub(crate) fn to_xml(
        agent: AgentId,
        nonce: &[u8; 32],
        sent: Timestamp,
        request: &Request,
    ) -> std::result::Result<Vec<u8>, WriteError> {
        let mut writer = Writer::new();
        writer
            .start(NAMESPACE, "request")
            .value("contract", &ContractVersion::CURRENT)
            .value("operation", &request.operation())
            .value("agent", &agent)
            .value("nonce", &hex::encode(nonce))
            .value("sent", &sent);
        write_request(&mut writer, request);
        writer.finish()
    }

    pub(crate) fn from_element(xml: &Document<'_>) -> std::result::Result<Self, ContractError> {
        let root = xml.root();
        let contract = check_root(root, "request")?;
        let fields = Fields::new(root);
        let read = || {
            let operation = read_operation(fields)?;
            let (request, unreadable) = read_request(fields, operation)?;
            Ok(Self {
                contract,
                agent: fields.value("agent")?,
                nonce: crate::keys::from_hex(fields.required("nonce")?)
                    .map_err(|error| MessageError::new("@nonce", error.to_string()))?,
                sent: fields.value("sent")?,
                request,
                unreadable,
            })
        };
        read().map_err(|error: MessageError| error.within("request").into())
    }
}

/// A response with what its seal protects besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InnerResponse {
    pub(crate) response: Response,
    pub(crate) announced: Option<KeyAnnouncement>,
}

impl InnerResponse {
    pub(crate) fn to_xml(
        response: &Response,
        announced: Option<&KeyAnnouncement>,
    ) -> std::result::Result<Vec<u8>, WriteError> {
        let mut writer = Writer::new();
        writer
            .start(NAMESPACE, "response")
            .value("contract", &ContractVersion::CURRENT)
            .value("operation", &response.operation())
            .value("centralTime", &response.central_time())
            .leaf("statusString", response.status().as_str());
        if let Some(announced) = announced {
            writer
                .child("centralKey")
                .value("sealingKey", &announced.key.sealing())
                .value("signingKey", &announced.key.signing())
                .value("oldEnds", &announced.old_ends)
                .end();
        }
        write_response(&mut writer, response);
        writer.finish()
    }

    pub(crate) fn from_element(xml: &Document<'_>) -> std::result::Result<Self, ContractError> {
        let root = xml.root();
        check_root(root, "response")?;
        let fields = Fields::new(root);
        let read = || {
            let operation = read_operation(fields)?;
            let announced = fields.optional_child("centralKey", |announced| {
                Ok(KeyAnnouncement {
                    key: CentralPublicKey::new(
                        announced.value("sealingKey")?,
                        announced.value("signingKey")?,
                    ),
                    old_ends: announced.value("oldEnds")?,
                })
            })?;
            Ok(Self {
                response: read_response(fields, operation)?,
                announced,
            })
        };
        read().map_err(|error: MessageError| error.within("response").into())
    }
}

/// Looks at the version before anything else: a newer major version may mean anything.
fn check_root(root: View<'_>, name: &str) -> std::result::Result<ContractVersion, ContractError> {
    if !root.is(NAMESPACE, name) {
        let found = root.local().to_owned();
        return Err(MessageError::new(found, format!("stands where {name} should")).into());
    }
    let text = Fields::new(root)
        .required("contract")
        .map_err(|error| error.within(name))?;
    match text.trim().parse::<ContractVersion>() {
        Ok(version) if version.is_readable() => Ok(version),
        Ok(_) | Err(_) => Err(ContractError::Version {
            found: text.chars().take(20).collect(),
        }),
    }
}

fn read_operation(fields: Fields<'_>) -> Result<Operation> {
    Operation::from_name(fields.required("operation")?.trim())
        .ok_or_else(|| MessageError::new("@operation", "is no operation that is known here"))
}

fn write_request(writer: &mut Writer, request: &Request) {
    match request {
        Request::Register(register) => write_register(writer, register),
        Request::GetSchedule(query) => {
            writer
                .child("scheduleQuery")
                .value("haveVersion", &query.have_version)
                .end();
        }
        Request::SendReports(report) | Request::SendAlerts(report) => write_report(writer, report),
        Request::Unregister(request) => {
            writer
                .child("unregistration")
                .value("reason", &request.reason)
                .end();
        }
    }
}

fn read_request(
    fields: Fields<'_>,
    operation: Operation,
) -> Result<(Request, Option<MessageError>)> {
    let request = match operation {
        Operation::RegisterForManagement => {
            Request::Register(fields.child("registration", read_register)?)
        }
        Operation::GetSchedule => Request::GetSchedule(fields.child("scheduleQuery", |query| {
            Ok(GetScheduleRequest {
                have_version: query.value("haveVersion")?,
            })
        })?),
        Operation::SendReports => {
            let (report, unreadable) = fields.child("report", read_report)?;
            return Ok((Request::SendReports(report), unreadable));
        }
        Operation::SendAlerts => {
            let (report, unreadable) = fields.child("report", read_report)?;
            return Ok((Request::SendAlerts(report), unreadable));
        }
        Operation::UnregisterForManagement => {
            Request::Unregister(fields.child("unregistration", |request| {
                Ok(UnregisterRequest {
                    reason: request.text("reason")?,
                })
            })?)
        }
    };
    Ok((request, None))
}

fn write_register(writer: &mut Writer, register: &RegisterRequest) {
    writer
        .child("registration")
        .value("contract", &register.contract)
        .value("signingKey", &register.keys.signing)
        .value("sealingKey", &register.keys.sealing)
        .value("agentVersion", &register.agent_version)
        .value("platform", &register.platform);
    write_capabilities(writer, &register.capabilities);
    writer.end();
}

fn read_register(fields: Fields<'_>) -> Result<RegisterRequest> {
    Ok(RegisterRequest {
        contract: fields.value("contract")?,
        keys: AgentPublicKeys {
            signing: fields.value("signingKey")?,
            sealing: fields.value("sealingKey")?,
        },
        agent_version: fields.text("agentVersion")?,
        platform: fields.text("platform")?,
        capabilities: read_capabilities(fields)?,
    })
}

pub(super) fn write_capabilities(writer: &mut Writer, capabilities: &Capabilities) {
    let lists = [
        ("operation", &capabilities.operations),
        ("action", &capabilities.actions),
        ("object", &capabilities.objects),
    ];
    for (name, list) in lists {
        for word in list {
            writer.text_element(name, word);
        }
    }
}

pub(super) fn read_capabilities(fields: Fields<'_>) -> Result<Capabilities> {
    let list = |name| fields.list(name, |word| Ok(word.content_text()));
    Ok(Capabilities {
        operations: list("operation")?,
        actions: list("action")?,
        objects: list("object")?,
    })
}

pub(super) fn write_response(writer: &mut Writer, response: &Response) {
    match response {
        Response::Register(response) => {
            if let Some(site) = &response.site {
                writer
                    .child("site")
                    .value("id", &site.id)
                    .value("name", &site.name)
                    .end();
            }
            write_capabilities(writer, &response.capabilities);
            if let Some(settings) = &response.settings {
                write_settings(writer, settings);
            }
            if let Some(head) = &response.head {
                writer
                    .child("head")
                    .value("number", &head.number)
                    .value("header", &head.header)
                    .end();
            }
        }
        Response::GetSchedule(response) => {
            if let Some(settings) = &response.settings {
                write_settings(writer, settings);
            }
        }
        Response::SendReports(response) | Response::SendAlerts(response) => {
            write_send_response(writer, response);
        }
        Response::Unregister(_) => {}
    }
}

fn write_send_response(writer: &mut Writer, response: &SendReportsResponse) {
    for path in &response.unsupported {
        writer.text_element("unsupportedElement", path);
    }
    if let Some(receipt) = &response.receipt {
        write_receipt(writer, receipt);
    }
    writer
        .child("schedule")
        .value("version", &response.schedule_version)
        .end();
    if let Some(number) = response.expected_number {
        writer.child("expected").value("number", &number).end();
    }
}

pub(super) fn read_response(fields: Fields<'_>, operation: Operation) -> Result<Response> {
    let status = fields.child("statusString", |status| {
        StatusString::new(status.content_text().as_str())
            .map_err(|error| MessageError::new("", error.to_string()))
    })?;
    let central_time = fields.value("centralTime")?;
    Ok(match operation {
        Operation::RegisterForManagement => Response::Register(RegisterResponse {
            status,
            site: fields.optional_child("site", |site| {
                Ok(Site {
                    id: site.value("id")?,
                    name: site.text("name")?,
                })
            })?,
            settings: fields.optional_child("settings", read_settings)?,
            head: fields.optional_child("head", |head| {
                Ok(BooksHead {
                    number: head.value("number")?,
                    header: head.value("header")?,
                })
            })?,
            capabilities: read_capabilities(fields)?,
            central_time,
        }),
        Operation::GetSchedule => Response::GetSchedule(GetScheduleResponse {
            status,
            settings: fields.optional_child("settings", read_settings)?,
            central_time,
        }),
        Operation::SendReports => {
            Response::SendReports(read_send_response(fields, status, central_time)?)
        }
        Operation::SendAlerts => {
            Response::SendAlerts(read_send_response(fields, status, central_time)?)
        }
        Operation::UnregisterForManagement => Response::Unregister(UnregisterResponse {
            status,
            central_time,
        }),
    })
}

fn read_send_response(
    fields: Fields<'_>,
    status: StatusString,
    central_time: Timestamp,
) -> Result<SendReportsResponse> {
    Ok(SendReportsResponse {
        status,
        unsupported: fields.list("unsupportedElement", |path| Ok(path.content_text()))?,
        receipt: fields.optional_child("receipt", read_receipt)?,
        expected_number: fields.optional_child("expected", |expected| expected.value("number"))?,
        schedule_version: fields.child("schedule", |schedule| schedule.value("version"))?,
        central_time,
    })
}
