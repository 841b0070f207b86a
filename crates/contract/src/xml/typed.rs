//! What stands in the open, in place of a seal: the typed branch of each operation's choice.

use super::audit::{read_audit, write_audit};
use super::message::{read_capabilities, read_response, write_capabilities, write_response};
use super::pass::{read_pass, write_pass};
use super::{Fields, Result, WriteFields as _};
use crate::{
    ContractVersion, GetScheduleRequest, MessageError, MessageId, NAMESPACE, Operation, Response,
    TypedRegistration, TypedReport, TypedRequest, UnregisterRequest,
};
use pagetally_soap::Writer;

/// The element that stands in the open for this operation.
pub(crate) const fn payload_name(operation: Operation) -> &'static str {
    match operation {
        Operation::RegisterForManagement => "client",
        Operation::GetSchedule => "scheduleQuery",
        Operation::SendReports | Operation::SendAlerts => "report",
        Operation::UnregisterForManagement => "unregistration",
    }
}

/// Writes the typed branch into the operation's wrapper.
pub(crate) fn write_typed(writer: &mut Writer, request: &TypedRequest) {
    writer.child(payload_name(request.operation()));
    match request {
        TypedRequest::Register(client) => {
            writer
                .value("name", &client.name)
                .value("version", &client.version)
                .optional_value("site", client.site.as_ref());
            write_capabilities(writer, &client.capabilities);
        }
        TypedRequest::GetSchedule(query) => {
            writer.value("haveVersion", &query.have_version);
        }
        TypedRequest::SendReports(report) | TypedRequest::SendAlerts(report) => {
            writer.value("message", &report.message);
            for audit in &report.audits {
                writer.child("audit");
                write_audit(writer, audit);
                writer.end();
            }
            if let Some(pass) = &report.pass {
                writer.child("pass");
                write_pass(writer, pass);
                writer.end();
            }
        }
        TypedRequest::Unregister(request) => {
            writer.value("reason", &request.reason);
        }
    }
    writer.end();
}

/// Reads the typed branch of `operation`.
pub(crate) fn read_typed(fields: Fields<'_>, operation: Operation) -> Result<TypedRequest> {
    fields.child(payload_name(operation), |payload| {
        Ok(match operation {
            Operation::RegisterForManagement => TypedRequest::Register(TypedRegistration {
                name: payload.text("name")?,
                version: payload.text("version")?,
                site: payload.optional_text("site"),
                capabilities: read_capabilities(payload)?,
            }),
            Operation::GetSchedule => TypedRequest::GetSchedule(GetScheduleRequest {
                have_version: payload.value("haveVersion")?,
            }),
            Operation::SendReports => TypedRequest::SendReports(read_typed_report(payload)?),
            Operation::SendAlerts => TypedRequest::SendAlerts(read_typed_report(payload)?),
            Operation::UnregisterForManagement => TypedRequest::Unregister(UnregisterRequest {
                reason: payload.text("reason")?,
            }),
        })
    })
}

fn read_typed_report(fields: Fields<'_>) -> Result<TypedReport> {
    Ok(TypedReport {
        message: MessageId::new(fields.required("message")?)
            .map_err(|error| MessageError::new("@message", error.to_string()))?,
        audits: fields.list("audit", read_audit)?,
        pass: fields.optional_child("pass", read_pass)?,
    })
}

/// Writes an answer in the open. What is secret in its settings stays behind.
pub(crate) fn write_typed_answer(writer: &mut Writer, response: &Response) {
    writer
        .start(NAMESPACE, response.operation().response_name())
        .value("contract", &ContractVersion::CURRENT)
        .value("centralTime", &response.central_time())
        .leaf("statusString", response.status().as_str());
    write_response(writer, &response.clone().without_secrets());
    writer.end();
}

/// Reads an answer in the open.
pub(crate) fn read_typed_answer(fields: Fields<'_>, operation: Operation) -> Result<Response> {
    read_response(fields, operation)
}
