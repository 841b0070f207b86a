#!/usr/bin/env python3
"""The whole life of a stock SOAP client at a Pagetally Central, from the WSDL alone.

    pip install zeep
    stock_client.py --wsdl https://central.example/soap?wsdl --user KEY --site "Head office" \\
        [--ca ca.pem] [--soap 1.1|1.2] [--digest|--text]

The API key's secret comes from the environment, CENTRAL_API_SECRET. The client registers, asks for
the schedule, sends one report with one device's meters, sends it again (Central knows it and gives the
first receipt), sends one alert, and unregisters. Each answer is printed as one line.
"""

import argparse
import datetime
import os
import time
import uuid

import requests
import zeep
from zeep.helpers import serialize_object
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

CONTRACT = "1.0"
NAMESPACE = "urn:pagetally:central:1"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def ident():
    """An id is 128 random bits, as 32 hexadecimal digits."""
    return uuid.uuid4().hex


def source(rule, oid, kind, raw):
    """Where a value comes from: here an SNMP object and the device's own answer."""
    return {"rule": rule, "ruleVersion": 1, "snmp": {"oid": oid, "kind": kind, "_value_1": raw}}


def moment(boot):
    return {"wall": now(), "boot": boot, "monotonicMillis": int(time.monotonic() * 1000)}


def audit(pass_id, boot, serial, total, alerts=()):
    """Everything read from one device at one time. What was not read is left out."""
    def named(field, oid, raw):
        return {"field": field, **source("mib2." + field, oid, "octet-string", raw)}

    return {
        "format": 1,
        "id": ident(),
        "pass": pass_id,
        "address": "192.0.2.7:161",
        "protocol": "snmp-v2c",
        "time": moment(boot),
        "identity": {
            "manufacturer": "Example",
            "model": "Printer 1000",
            "serial": serial,
            "source": [
                named("manufacturer", "1.3.6.1.2.1.1.1.0", "Example Printer 1000"),
                named("model", "1.3.6.1.2.1.25.3.2.1.3.1", "Printer 1000"),
                named("serial", "1.3.6.1.2.1.43.5.1.1.17.1", serial),
            ],
        },
        "status": {"printer": "idle", "device": "running"},
        "meter": [
            {
                "function": "total",
                "color": "any",
                "size": "any",
                "sides": "any",
                "unit": "impressions",
                "value": total,
                "exactness": "exact",
                "source": source(
                    "rfc3805.prtMarkerLifeCount",
                    "1.3.6.1.2.1.43.10.2.1.4.1.1",
                    "counter32",
                    str(total),
                ),
            }
        ],
        "alert": list(alerts),
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--wsdl", required=True)
    arguments.add_argument("--user", required=True)
    arguments.add_argument("--site")
    arguments.add_argument("--ca", help="a CA file, where the platform does not trust Central's")
    arguments.add_argument("--soap", choices=["1.1", "1.2"], default="1.2")
    arguments.add_argument("--text", action="store_true", help="send the secret itself, no digest")
    arguments.add_argument("--serial", default="EX0001")
    arguments.add_argument("--total", type=int, default=6466)
    given = arguments.parse_args()
    secret = os.environ["CENTRAL_API_SECRET"]

    session = requests.Session()
    if given.ca:
        session.verify = given.ca
    token = UsernameToken(given.user, secret, use_digest=not given.text)
    client = zeep.Client(given.wsdl, transport=Transport(session=session), wsse=token)
    port = "CentralSoap11" if given.soap == "1.1" else "CentralSoap12"
    central = client.bind("PagetallyCentral", port)

    def call(operation, **message):
        answer = central[operation](contract=CONTRACT, agent=agent, **message)
        print(operation, answer.statusString, serialize_object(answer.receipt) or "", flush=True)
        assert answer.statusString.startswith("successful"), answer
        return answer

    agent, boot, pass_id = ident(), ident(), ident()
    client_of = {
        "name": "stock_client.py",
        "version": "1.0",
        "operation": ["SendReports", "SendAlerts"],
        "object": ["printer"],
    }
    if given.site:
        client_of["site"] = given.site
    registered = call("RegisterForManagement", client=client_of)
    print("site", registered.site.name)

    schedule = call("GetSchedule", scheduleQuery={"haveVersion": 0})
    print("schedule version", schedule.settings.version, "every", schedule.settings.intervalSeconds)
    assert not schedule.settings.community, "communities never travel in the open"

    report = {
        "message": "report-" + ident(),
        "audit": [audit(pass_id, boot, given.serial, given.total)],
    }
    first = call("SendReports", report=report)
    again = call("SendReports", report=report)
    assert serialize_object(first.receipt) == serialize_object(again.receipt)

    jam = {
        "slot": "1.1",
        "severity": "critical",
        "code": 8,
        "codeName": "jam",
        "description": "Paper jam",
        "source": [
            {
                "field": "code",
                **source("rfc3805.prtAlertCode", "1.3.6.1.2.1.43.18.1.1.7.1.1", "integer", "8"),
            }
        ],
    }
    alert = audit(pass_id, boot, given.serial, given.total, [jam])
    call("SendAlerts", report={"message": "alert-" + ident(), "audit": [alert]})
    call("UnregisterForManagement", unregistration={"reason": "done"})

    # Whoever left is told so: a normal answer, with a word that a program can act on.
    gone = central.GetSchedule(contract=CONTRACT, agent=agent, scheduleQuery={"haveVersion": 0})
    assert gone.statusString == "client-error-gone", gone
    # And a wrong secret is a fault, with a code that a program can act on.
    stranger = zeep.Client(
        given.wsdl,
        transport=Transport(session=session),
        wsse=UsernameToken(given.user, "wrong", use_digest=True),
    )
    try:
        stranger.bind("PagetallyCentral", port).GetSchedule(
            contract=CONTRACT, agent=agent, scheduleQuery={"haveVersion": 0}
        )
        raise AssertionError("a wrong secret was accepted")
    except zeep.exceptions.Fault as fault:
        code = fault.detail.find(".//{%s}code" % NAMESPACE)
        print("fault", code.text, "-", fault.message)
        assert code.text == "not-authenticated", code.text


if __name__ == "__main__":
    main()
