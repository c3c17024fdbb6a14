# SPDX-License-Identifier: Apache-2.0
"""Each fault between this tool and an LMS: its title, what it means, and the steps that mend it on any LMS."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

COMPARE = _l("Compare the addresses in the LMS’s page about this tool with those that are registered here.")
ENTER = _l("Enter the right one: “lti-mentoring platform update %(registration)s”, or ask whoever runs this tool.")
AGAIN = _l("Then check again.")
WAIT = _l("Nothing needs to be done here, unless it lasts.")
OPERATOR = _l("Tell whoever runs this tool.")

TOOL = {
    "local_allowed": (
        _l("Unprotected LMS addresses are allowed"),
        _l("LTI_MENTORING_ALLOW_LOCAL_PLATFORMS is on: LMSs on http and private addresses are reached. That is for development only."),
        (_l("Switch the setting off, unless this is a trial on your own machine."),),
    ),
    "tool_part_broken": (
        _l("A part of this tool does not work: %(part)s"),
        _l("Nothing can be relied on before it does. The log says more."),
        (
            _l("database, queue: look whether they run and are reached at the addresses in the settings."),
            _l("migrations: run “lti-mentoring db upgrade”."),
        ),
    ),
    "tool_keys_sealed": (
        _l("This tool cannot open its own signing key"),
        _l("It was sealed with an encryption key that is not among LTI_MENTORING_ENCRYPTION_KEYS, so no LMS can be asked for a token."),
        (
            _l("Put the missing encryption key back into the list, after the first."),
            _l("If it is lost for good: “lti-mentoring keys rotate --at-once” makes a new signing key."),
        ),
    ),
    "tool_address_unreachable": (
        _l("This tool cannot reach its own public address"),
        _l("%(url)s gave no answer from here (%(why)s). From outside it may still be reached; LMSs need it for our public keys."),
        (_l("Open the address from another network. If that fails too, look at the proxy and the name server."),),
    ),
    "tool_address_answers_wrongly": (
        _l("Our public key address answers something else"),
        _l("%(url)s does not give this tool’s keys, so no LMS can check what we sign. Often a proxy sends it elsewhere."),
        (_l("Let the proxy pass /.well-known/jwks.json to this tool."), _l("Compare LTI_MENTORING_PUBLIC_URL with the address in use.")),
    ),
    "tool_keys_missing": (
        _l("Our public key address gives the keys of another installation"),
        _l("%(url)s answers keys, but not the one that this tool signs with: it may be a cache, or the installation before this one."),
        (_l("Empty the cache before it, and compare LTI_MENTORING_PUBLIC_URL and the database that is in use."),),
    ),
    "tool_address_plain": (
        _l("This tool is on plain http"),
        _l("Browsers keep no cookie of a framed page on http, and most LMSs refuse such a tool. %(url)s is for a trial on one machine."),
        (_l("Put the tool behind https before anybody else uses it."),),
    ),
    "tool_address_private": (
        _l("This tool’s address is a private one"),
        _l("An LMS elsewhere cannot fetch our keys from %(url)s; Moodle refuses private addresses even in the same network."),
        (_l("Use a public name, or let the LMS’s administrator allow this host for outgoing requests."),),
    ),
    "tool_port": (
        _l("This tool answers on port %(port)s"),
        _l("Some LMSs fetch keys from ports 80 and 443 only. Moodle then gives no token, and says so with a 404 page."),
        (_l("Serve the tool on 443, or let the LMS’s administrator allow this port for outgoing requests."),),
    ),
    "worker_silent": (
        _l("No worker delivers grades"),
        _l("The oldest grade has been due for %(minutes)s minutes, and nobody has taken it. Nothing is lost."),
        (_l("Start “lti-mentoring worker”, or look into its log if it runs."),),
    ),
}

REGISTRATION = {
    "disabled": (
        _l("The registration is switched off"),
        _l("Nobody can open activities from this LMS, and no grade is sent to it."),
        (_l("If that was not meant: whoever runs this tool switches it on with “lti-mentoring platform update --enable”."),),
    ),
    "deployment_pending": (
        _l("Deployment %(deployment)s waits for approval"),
        _l("Somebody opened an activity from a deployment that we do not know; such launches are refused until it is approved."),
        (
            _l("Look in the LMS whether the deployment is yours."),
            _l("Approve it here, or with “lti-mentoring platform approve-deployment”. The next launch then works."),
        ),
    ),
    "never_launched": (
        _l("Nobody has opened an activity yet"),
        _l("Before the first launch, the gradebook and the roster cannot be tried: their addresses come with it."),
        (_l("Open an activity once as a teacher, then check again."),),
    ),
    "clock_apart": (
        _l("The clocks are %(seconds)s seconds apart"),
        _l("The LMS’s clock differs from ours by more than the %(leeway)s seconds that launches may differ, so they are refused."),
        (
            _l("Look at a third clock to see which one is wrong."),
            _l("Let that machine keep its time by the network (NTP)."),
            AGAIN,
        ),
    ),
    "clock_drifts": (
        _l("The clocks are %(seconds)s seconds apart"),
        _l("That still works, but a clock that is kept by the network is not so far off; at %(leeway)s seconds launches are refused."),
        (_l("Let both machines keep their time by the network (NTP)."),),
    ),
}

ADDRESS = {
    "address_private": (
        _l("The LMS’s %(what)s is on a private address"),
        _l("%(url)s leads into a private network. This tool calls no such address unless its operator has named the host."),
        (
            _l("If the LMS stands in your own network: add its host to LTI_MENTORING_PRIVATE_PLATFORM_HOSTS. https is still needed."),
            _l("If it does not, the address is wrong, or somebody tries something: do not allow it."),
        ),
    ),
    "address_port": (
        _l("The LMS’s %(what)s is on an unusual port"),
        _l("%(url)s names a port that this tool does not call."),
        (_l("If the port is right: add it to LTI_MENTORING_PLATFORM_PORTS."), COMPARE),
    ),
    "address_scheme": (
        _l("The LMS’s %(what)s is not on https"),
        _l("%(url)s would carry tokens and names in the open, so it is not called."),
        (_l("Put the LMS on https, and register the new addresses."),),
    ),
    "address_unusable": (_l("The LMS’s %(what)s cannot be read"), _l("%(url)s is no address that can be called."), (COMPARE, ENTER)),
    "address_foreign": (
        _l("The LMS’s %(what)s is on a host that is not the LMS’s"),
        _l("%(url)s lies outside of what is registered, so no token is sent there."),
        (_l("If the host belongs to the LMS: name it with “--frame-origin” in “lti-mentoring platform add --update”."), COMPARE),
    ),
    "name_unknown": (
        _l("The name of the LMS’s %(what)s is not known"),
        _l("No name server knows the host of %(url)s."),
        (_l("Look for a slip in the address."), COMPARE, ENTER),
    ),
    "no_connection": (
        _l("Nobody answers at the LMS’s %(what)s"),
        _l("The connection to %(url)s was turned away: the machine is there, but nothing listens, or a firewall says no."),
        (_l("Open the address in a browser. If it answers there, a firewall keeps this tool out."), COMPARE),
    ),
    "no_secure_connection": (
        _l("The certificate of the LMS’s %(what)s cannot be trusted"),
        _l("%(url)s shows a certificate that has ended, names another host, or comes from an authority that we do not know."),
        (
            _l("Renew the certificate, and let the LMS send its whole chain."),
            _l("For an authority of your own: name its file in LTI_MENTORING_CA_BUNDLE."),
        ),
    ),
    "no_answer": (
        _l("The LMS’s %(what)s does not answer in time"),
        _l("%(url)s took the request and gave no proper answer. The LMS may be overloaded, or a firewall swallows requests."),
        (WAIT, _l("If it lasts, ask whoever looks after the LMS.")),
    ),
    "moved": (
        _l("The LMS’s %(what)s has moved"),
        _l("%(url)s sends on to %(to)s. This tool follows no such direction, since it could lead anywhere."),
        (_l("If the new address is the LMS’s: register it."), ENTER, AGAIN),
    ),
    "wrong_address": (
        _l("The LMS’s %(what)s is wrong"),
        _l("There is nothing of that kind at %(url)s (it answered %(status)s)."),
        (COMPARE, ENTER, AGAIN),
    ),
    "lms_down": (
        _l("The LMS is down"),
        _l("Its %(what)s, %(url)s, answered %(status)s: a fault or maintenance on its side. Grades are kept and go out later."),
        (WAIT, _l("If it lasts, send the line above to whoever looks after the LMS.")),
    ),
    "busy": (
        _l("The LMS asks us to slow down"),
        _l("Its %(what)s turned this request away for now. Grades go out by themselves as soon as it has room."),
        (WAIT,),
    ),
    "page_instead": (
        _l("The LMS’s %(what)s answers with a web page"),
        _l("%(url)s gave a page for people where a machine’s answer was due: a sign-in or maintenance page, or the address is wrong."),
        (_l("Open the address in a browser and read what it says."), COMPARE, ENTER),
    ),
}

KEYS = {
    "key_set_unusable": (
        _l("The LMS’s key address gives no usable key"),
        _l("%(url)s answered %(status)s, without a public key that launches could be checked with."),
        (COMPARE, _l("In the LMS, look whether a signing key exists, and whether its private key is whole."), AGAIN),
    ),
    "keys_replaced": (
        _l("The LMS has replaced its keys"),
        _l(
            "It signs with other keys than at the last launch and did not keep the old one for a while. We have taken over the new ones; "
            "launches in between may have been refused."
        ),
        (_l("Nothing needs to be done. If the LMS’s administrators know of no such change, let them look who has made it."),),
    ),
    "key_unpublished": (
        _l("A launch was signed with a key that the LMS does not publish"),
        _l(
            "%(url)s has no key “%(key)s”, so the launch was refused. Either the LMS signs with a new key and its key set is an old copy, "
            "or somebody else made that launch up."
        ),
        (
            _l("If people cannot open activities: empty the cache before the LMS’s key address, or register the right address."),
            _l("If everybody gets in, somebody has tried to come in without the LMS. Nothing needs to be done."),
        ),
    ),
}

SIGN_IN = {
    "keys_not_fetched": (
        _l("The LMS cannot fetch our keys"),
        _l("It answered our sign-in with %(status)s and no token. Its address is right; it was not able to read this tool’s public keys."),
        (
            _l("From the LMS’s machine, open %(tool)s/.well-known/jwks.json. If that fails, a firewall or a block list is the cause."),
            _l("Compare the key address of this tool in the LMS with the one above."),
            AGAIN,
        ),
    ),
    "signature_refused": (
        _l("The LMS goes by old keys of ours"),
        _l("It knows this tool, but the key that it has does not fit our signature: it keeps a copy, or a key was pasted once."),
        (
            _l("In the LMS, choose the key set address (%(tool)s/.well-known/jwks.json) in place of a pasted key."),
            _l("Empty the LMS’s cache, or wait a day."),
            AGAIN,
        ),
    ),
    "client_unknown": (
        _l("The LMS does not know our client id"),
        _l("It does not know a tool “%(client_id)s”: the id here has a slip, or the tool was deleted in the LMS."),
        (
            _l("Compare the client id in the LMS with the one here."),
            _l("If the tool was deleted there, register it again; its courses and people stay as they are only with the same client id."),
        ),
    ),
    "audience_refused": (
        _l("The LMS wants another audience"),
        _l("Our sign-in is addressed to %(audience)s, and the LMS expects another name there."),
        (
            _l("Look for “audience” in the LMS’s page about this tool; often it is the token address of its cloud, not of its own host."),
            _l("Enter it: “lti-mentoring platform update %(registration)s --token-audience …”."),
            AGAIN,
        ),
    ),
    "times_refused": (
        _l("The LMS finds our sign-in too old, or from the future"),
        _l("What we sign holds for three minutes around now, and the LMS disagrees about now."),
        (_l("Compare the LMS’s clock with another one, and let it keep its time by the network (NTP)."), AGAIN),
    ),
    "sign_in_refused": (
        _l("The LMS refuses our sign-in"),
        _l("It gave no token to client “%(client_id)s”. Its answer stands beside this."),
        (_l("Compare client id and key address in the LMS with those here."), _l("Look whether the tool is switched on there."), AGAIN),
    ),
    "nothing_granted": (
        _l("The LMS grants this tool no service at all"),
        _l("People can open activities, but neither the gradebook nor the roster may be used."),
        (_l("In the LMS, switch on the grade service and the service for names and roles for this tool."), AGAIN),
    ),
    "scope_missing": (
        _l("The LMS does not grant: %(service)s"),
        _l("The permission “%(scope)s” is announced or needed, and our token does not carry it."),
        (_l("In the LMS, allow this service for the tool."), AGAIN),
    ),
    "scope_absent": (
        _l("Not granted, and not announced: %(service)s"),
        _l("The permission “%(scope)s” is not used here. Activities work without it."),
        (_l("If you want it, allow this service for the tool in the LMS."),),
    ),
    "granted": (_l("Granted"), _l("Our token is good for: %(scopes)s."), ()),
}

SERVICES = {
    "no_gradebook": (
        _l("No activity has a gradebook"),
        _l("None of the activities that were opened so far came with a place for grades, so none is sent. Everything else works."),
        (
            _l("If that is meant, nothing needs to be done."),
            _l("If not: allow grades for this tool in the LMS and in the activity, and open the activity once more."),
        ),
    ),
    "token_ended_early": (
        _l("The LMS ended a token before its time"),
        _l("A token that it had promised to take for longer is taken no more: perhaps it was restarted. We have a new one."),
        (_l("Nothing needs to be done, unless it happens every day."),),
    ),
    "token_not_taken": (
        _l("The LMS does not take its own token"),
        _l("Its %(what)s refused a token that it had given a moment before."),
        (_l("Often a proxy before the LMS drops the Authorization header; let it pass."), AGAIN),
    ),
    "service_forbidden": (
        _l("The LMS’s %(what)s may not be used"),
        _l("It gave us a token, and then said that it does not suffice for this course."),
        (_l("Look whether the service is allowed for this tool, and whether the course is open to tools."), AGAIN),
    ),
    "service_refused": (
        _l("The LMS’s %(what)s refused to answer"),
        _l("%(url)s answered %(status)s. Its words stand beside this."),
        (_l("Send the LMS’s answer to whoever looks after it."),),
    ),
    "course_closed": (
        _l("The course is closed"),
        _l("The LMS takes no grades for a course that has ended or is not published."),
        (_l("Ask whoever looks after the course to open it again, if the grades still count."), _l("Then send them again.")),
    ),
    "column_gone": (
        _l("A gradebook column is gone"),
        _l("The activity or its column was deleted or hidden in the LMS after the last launch."),
        (_l("Open the activity once from the course page: that tells us its new column."), _l("Then send the grades again.")),
    ),
    "lane_paused": (
        _l("Deliveries to %(host)s are paused"),
        _l("Whoever runs this tool has paused them. Grades are kept."),
        (_l("Once the LMS may be asked again: “lti-mentoring delivery resume”."),),
    ),
    "lane_rests": (
        _l("Deliveries to %(host)s rest for a moment"),
        _l("Several in a row failed (%(cause_words)s). One grade will try soon; if it arrives, the others follow."),
        (WAIT,),
    ),
    "grades_stuck": (
        _l("%(count)s grades are stuck: %(cause_words)s"),
        _l("%(cause_what)s"),
        (_l("The coordinator of the course finds them under “Grades”, with what to do."),),
    ),
    "sign_in_held": (
        _l("Grades wait, since the LMS refused our sign-in"),
        _l("One of them tries again from time to time. Once it is taken, all others follow by themselves."),
        (_l("Mend what is named above, then check again."),),
    ),
}

FINDINGS = {**TOOL, **REGISTRATION, **ADDRESS, **KEYS, **SIGN_IN, **SERVICES}
